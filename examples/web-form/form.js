'use strict';

// What the form has, and what one that was sent says.

// Fields that people see, in the order of the page.
const fields = [
  { name: 'contact_name', label: 'Your name', type: 'text', autocomplete: 'name', required: true },
  { name: 'email', label: 'E-mail address', type: 'email', autocomplete: 'email', note: 'This or a phone number, so that we can answer.' },
  { name: 'phone', label: 'Phone number', type: 'tel', autocomplete: 'tel' },
  { name: 'company', label: 'Company', type: 'text', autocomplete: 'organization' },
  { name: 'job_title', label: 'Job title', type: 'text', autocomplete: 'organization-title' },
  { name: 'company_size', label: 'Number of employees', type: 'text', inputmode: 'numeric' },
  { name: 'message', label: 'What can we do for you?', type: 'textarea' },
  { name: 'consent', label: 'You may store what I wrote, to answer me.', type: 'checkbox' },
  { name: 'opt_out', label: 'Do not send me anything else.', type: 'checkbox' },
];

// Fields that the page brings along.  What the person agreed to and the source
// are not among them: they are ours to say.
const campaign = ['utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content'];
const hidden = [...campaign, 'url', 'referrer', 'submission_id'];

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

// A text as the database takes it: NULL for an empty one, and no NUL in it.
function text(value) {
  const clean = (value ?? '').replaceAll('\0', '').trim();
  return clean === '' ? null : clean;
}

// The values of a page that is asked for: campaign from the query string.
function fromRequest(url, referrer) {
  const values = { url: url.href, referrer: referrer ?? '' };
  for (const name of campaign) {
    values[name] = url.searchParams.get(name) ?? '';
  }
  return values;
}

// The values of a form that was sent: each field of ours once, and no other.
function fromBody(body) {
  const sent = new URLSearchParams(body);
  const values = {};
  for (const { name, type } of fields) {
    values[name] = type === 'checkbox' ? sent.has(name) : sent.get(name) ?? '';
  }
  for (const name of hidden) {
    values[name] = sent.get(name) ?? '';
  }
  return values;
}

// The row for crm.web_form.
function toRow(values) {
  const row = { source: 'Website' };
  for (const { name, type } of fields) {
    row[name] = type === 'checkbox' ? Boolean(values[name]) : text(values[name]);
  }
  for (const name of hidden) {
    row[name] = text(values[name]);
  }
  row.consent_text = row.consent ? fields.find((field) => field.name === 'consent').label : null;
  // Without one, as without JavaScript, each submission counts.
  row.submission_id = uuid.test(row.submission_id ?? '') ? row.submission_id : null;
  return row;
}

module.exports = { fields, hidden, fromRequest, fromBody, toRow };
