'use strict';

// The pages.  Whatever comes from outside passes through `escape`.

const { fields, hidden } = require('./form');

const entities = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escape = (value) => String(value ?? '').replace(/[&<>"']/g, (character) => entities[character]);

const layout = (title, body) => `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<link rel="stylesheet" href="/form.css">
<script src="/form.js" defer></script>
</head>
<body>
<main>
<h1>${escape(title)}</h1>
${body}
</main>
</body>
</html>
`;

function control(field, value, message) {
  const { name, label, type } = field;
  const described = [field.note && `${name}-note`, message && `${name}-error`].filter(Boolean).join(' ');
  const attributes = `id="${name}" name="${name}"`
    + (field.autocomplete ? ` autocomplete="${field.autocomplete}"` : '')
    + (field.inputmode ? ` inputmode="${field.inputmode}"` : '')
    + (field.required ? ' aria-required="true"' : '')
    + (described ? ` aria-describedby="${described}"` : '')
    + (message ? ' aria-invalid="true" autofocus' : '');
  const input = {
    textarea: () => `<textarea ${attributes} rows="5" maxlength="10000">${value ? `\n${escape(value)}` : ''}</textarea>`,
    checkbox: () => `<input type="checkbox" ${attributes} value="yes"${value ? ' checked' : ''}>`,
  }[type] ?? (() => `<input type="${type}" ${attributes} maxlength="500" value="${escape(value)}">`);
  const caption = `<label for="${name}">${escape(label)}${field.required ? ' <span>(required)</span>' : ''}</label>`;
  return `<div class="field ${type}">
${type === 'checkbox' ? input() + caption : caption + input()}
${field.note ? `<p class="note" id="${name}-note">${escape(field.note)}</p>` : ''}
${message ? `<p class="error" id="${name}-error">${escape(message)}</p>` : ''}
</div>`;
}

// The browser shall not judge an address by rules of its own (novalidate): the
// database does.  `general` is what is wrong with no field.
function formPage(values, messages = {}, general = '') {
  const wrong = fields.filter(({ name }) => messages[name]);
  const alert = wrong.length
    ? `<div role="alert" class="alert"><p>Please look at:</p><ul>${wrong.map(({ name, label }) =>
      `<li><a href="#${name}">${escape(label)}</a></li>`).join('')}</ul></div>`
    : general && `<div role="alert" class="alert"><p>${escape(general)}</p></div>`;
  return layout('Talk to us', `${alert}
<form method="post" action="/" novalidate>
${fields.map((field) => control(field, values[field.name], messages[field.name])).join('\n')}
${hidden.map((name) => `<input type="hidden" name="${name}" value="${escape(values[name])}" autocomplete="off">`).join('\n')}
<button type="submit">Send</button>
</form>`);
}

const thanks = {
  new: 'We have your message and will answer soon.',
  known: 'Good to hear from you again. We have added this to what we know of you.',
  replayed: 'We had this message already: it counts once.',
};

const thanksPage = (outcome, name) => layout('Thank you', `<p id="outcome" data-outcome="${escape(outcome)}" role="status">Thank you, ${escape(name)}. ${escape(thanks[outcome] ?? '')}</p>
<p><a href="/">Write another message</a></p>`);

const messagePage = (title, message) => layout(title, `<p>${escape(message)}</p>`);

module.exports = { formPage, thanksPage, messagePage };
