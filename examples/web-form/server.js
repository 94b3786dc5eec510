'use strict';

// A web form whose rules are those of the database.
//
//   PGHOST=... PGDATABASE=... PGUSER=web_form node server.js
//
// HOST and PORT say where it listens, ORIGIN the address that people see where
// a proxy stands before it, LEAD_WORKSPACE the workspace.

const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { fromBody, fromRequest, toRow } = require('./form');
const { formPage, messagePage, thanksPage } = require('./page');
const database = require('./database');

const bodyLimit = 64 * 1024;

const file = (name, type) => ({ type, content: fs.readFileSync(path.join(__dirname, 'public', name)) });
const files = new Map([
  ['/form.js', file('form.js', 'text/javascript; charset=utf-8')],
  ['/form.css', file('form.css', 'text/css; charset=utf-8')],
]);

const headers = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
};

function send(response, status, content, type = 'text/html; charset=utf-8', more = {}) {
  response.writeHead(status, { ...headers, 'Content-Type': type, 'Content-Length': Buffer.byteLength(content), ...more });
  response.end(response.req.method === 'HEAD' ? undefined : content);
}

// The address as people see it.  Whoever sends a strange Host gets a page about it.
function addressOf(request) {
  return new URL(request.url, process.env.ORIGIN || `http://${request.headers.host ?? 'localhost'}`);
}

// Browsers say where a form was sent from: ours is sent from our own page ("none"
// is what the person does, such as a reload).
function isForeign(request, url) {
  const site = request.headers['sec-fetch-site'];
  const origin = request.headers.origin;
  return (site !== undefined && site !== 'same-origin' && site !== 'none') || (origin !== undefined && origin !== url.origin);
}

// The body, or null where it is longer than any form of ours: not kept then, and
// read no further than it takes to answer.
async function bodyOf(request) {
  if (Number(request.headers['content-length']) > bodyLimit) {
    return null;
  }
  const chunks = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length <= bodyLimit) {
      chunks.push(chunk);
    } else if (length > 16 * bodyLimit) {
      throw new Error('a body without an end');
    }
  }
  return length <= bodyLimit ? Buffer.concat(chunks).toString('utf8') : null;
}

async function receive(request, response, url) {
  if (isForeign(request, url)) {
    return send(response, 403, messagePage('Not from here', 'This form was sent from another page. Please fill in ours.'));
  }
  if (!/^application\/x-www-form-urlencoded\b/i.test(request.headers['content-type'] ?? '')) {
    return send(response, 415, messagePage('Not a form', 'Please fill in the form of this page.'));
  }
  const body = await bodyOf(request);
  if (body === null) {
    return send(response, 413, messagePage('Too long', 'Please write a shorter message.'), undefined, { Connection: 'close' });
  }
  const values = fromBody(body);
  try {
    const { outcome } = await database.submit(toRow(values));
    return send(response, 200, thanksPage(outcome, values.contact_name.trim()));
  } catch (error) {
    const messages = database.refusals(error);
    if (messages !== null) {
      return send(response, 422, formPage(values, messages));
    }
    // The details are for us, not for them.
    console.error('not stored:', error.code ?? '', error.message);
    return send(response, 503, formPage(values, {}, 'We could not store your message. Nothing is lost: please send it again in a moment.'), undefined, { 'Retry-After': '10' });
  }
}

async function answer(request, response) {
  let url;
  try {
    url = addressOf(request);
  } catch {
    return send(response, 400, messagePage('Bad request', 'This address cannot be read.'));
  }
  const reads = request.method === 'GET' || request.method === 'HEAD';
  if (reads && files.has(url.pathname)) {
    const { type, content } = files.get(url.pathname);
    return send(response, 200, content, type);
  }
  if (url.pathname !== '/') {
    return send(response, 404, messagePage('Not found', 'There is nothing here.'));
  }
  if (reads) {
    return send(response, 200, formPage(fromRequest(url, request.headers.referer)));
  }
  if (request.method === 'POST') {
    return receive(request, response, url);
  }
  return send(response, 405, messagePage('Not possible', 'This page is read or sent.'), undefined, { Allow: 'GET, HEAD, POST' });
}

const server = http.createServer({ requestTimeout: 30000 }, (request, response) => {
  answer(request, response).catch((error) => {
    console.error(error);
    if (!response.headersSent) {
      send(response, 500, messagePage('Sorry', 'Something went wrong on our side.'));
    } else {
      response.destroy();
    }
  });
});

function stop() {
  server.close(() => database.end().then(() => process.exit(0)));
  server.closeIdleConnections();
}
process.on('SIGTERM', stop);
process.on('SIGINT', stop);

server.listen(Number(process.env.PORT || 8080), process.env.HOST || '127.0.0.1', () => {
  const { address, port } = server.address();
  console.log(`http://${address}:${port}/`);
});
