'use strict';

// Handing a form to the database, and what its refusals mean.

const { Pool, escapeIdentifier } = require('pg');
const { fields } = require('./form');

const workspace = process.env.LEAD_WORKSPACE || 'crm';
const columns = [
  'contact_name', 'email', 'phone', 'company', 'job_title', 'company_size', 'message', 'source', 'consent', 'consent_text',
  'opt_out', 'utm_source', 'utm_medium', 'utm_campaign', 'utm_term', 'utm_content', 'url', 'referrer', 'submission_id',
];
// Names are ours; every value is a parameter.
const statement = {
  name: 'web_form',
  text: `INSERT INTO ${escapeIdentifier(workspace)}.web_form (${columns.join(', ')})
    VALUES (${columns.map((_, i) => `$${i + 1}`).join(', ')}) RETURNING lead_id, outcome`,
};

// Where: PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD.
const pool = new Pool({ max: 10, connectionTimeoutMillis: 5000, statement_timeout: 15000, application_name: 'web-form' });
// A connection that breaks while nobody uses it is no reason to end.
pool.on('error', (error) => console.error('database:', error.message));

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// serialization_failure, deadlock_detected: nothing was stored, try again.
const transient = new Set(['40001', '40P01']);

async function submit(row, attempts = 5) {
  const values = columns.map((name) => row[name]);
  for (let attempt = 1; ; attempt++) {
    try {
      return (await pool.query({ ...statement, values })).rows[0];
    } catch (error) {
      if (!transient.has(error.code) || attempt >= attempts) {
        throw error;
      }
      await pause(Math.random() * 20 * 2 ** attempt);
    }
  }
}

// Constraints that are about more than the one column that the error names, or
// whose message is for developers: the field, and which part of the error is for people.
const constraints = {
  lead_contact_name_check: { field: 'contact_name', words: ['detail'] },
  lead_contact_method_check: { field: 'email', words: ['hint'] },
};

const sentence = (text) => text[0].toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? '' : '.');

// Which field the database refused, and why: { field: message }, or null where
// it refused none that the person could correct.
function refusals(error) {
  // integrity constraint violations and data exceptions
  if (!/^2[23]/.test(error.code ?? '')) {
    return null;
  }
  const { field, words } = constraints[error.constraint] ?? { field: error.column, words: ['message', 'detail'] };
  if (!fields.some(({ name }) => name === field)) {
    return null;
  }
  const text = words.map((word) => error[word]).filter(Boolean).map(sentence).join(' ');
  return { [field]: text || sentence(error.message) };
}

module.exports = { submit, refusals, end: () => pool.end() };
