'use strict';

// The form in a real browser, and what is in the database afterwards.
//
// Takes a server with lead_mgmt where PGHOST, PGPORT, PGDATABASE, PGUSER (who may
// create roles) point to, psql in PATH, and Chromium in CHROMIUM.

const assert = require('node:assert/strict');
const { execFileSync, spawn } = require('node:child_process');
const { randomUUID } = require('node:crypto');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { chromium } = require('playwright-core');

const role = 'web_form';
let browser;
let page;
let server;

// What the database says, as who made it; rows as text.
function sql(query, user = process.env.PGUSER) {
  return execFileSync('psql', ['-X', '-A', '-t', '-q', '-v', 'ON_ERROR_STOP=1', '-U', user, '-c', query],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

const quote = (value) => `'${value.replaceAll("'", "''")}'`;
const lead = (columns, email) => sql(`SELECT ${columns} FROM crm.lead WHERE email = ${quote(email)}`);
const engagements = (email) => Number(sql(`SELECT count(*) FROM crm.engagement e JOIN crm.lead l ON l.id = e.lead_id WHERE l.email = ${quote(email)}`));

// The program, as the role that can do nothing else; resolves when it listens.
function start(environment = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path.join(__dirname, '..', 'server.js')], {
      env: { ...process.env, PGUSER: role, PORT: '0', HOST: '127.0.0.1', ...environment },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child.stdout.once('data', (line) => resolve({ child, address: String(line).trim() }));
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
}

async function fill(values) {
  for (const [name, value] of Object.entries(values)) {
    const field = page.locator(`[name=${name}]`);
    await (typeof value === 'boolean' ? field.setChecked(value) : field.fill(value));
  }
}

const sendIt = () => page.getByRole('button', { name: 'Send' }).click();
const outcome = () => page.locator('#outcome').getAttribute('data-outcome');

// A form as a program sends it
function post(values, headers = {}) {
  return fetch(server.address, { method: 'POST', body: new URLSearchParams(values), headers });
}

before(async () => {
  execFileSync('psql', ['-X', '-q', '-f', path.join(__dirname, '..', 'setup.sql')], { stdio: ['ignore', 'ignore', 'inherit'] });
  server = await start();
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    // A container has neither what the sandbox needs nor much of /dev/shm; the pages are our own.
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
  });
  page = await browser.newPage();
  // Nothing here takes long: a page that does not come is an error.
  page.setDefaultTimeout(60000);
});

after(async () => {
  await browser?.close();
  server?.child.kill();
});

test('what is sent is a lead', async () => {
  const address = `${server.address}?utm_source=news&utm_medium=email&utm_campaign=spring&utm_term=a%20b&utm_content=%3Cb%3E`;
  await page.goto(address);
  await fill({ contact_name: 'Kim Lee', email: ' Kim@Example.com ', phone: '+1 212 555 0143', company: 'Acme', job_title: 'VP Marketing',
    company_size: '80', message: "Two lines,\nit's \"urgent\"", consent: true });
  await sendIt();
  assert.equal(await outcome(), 'new');
  assert.equal(lead("concat_ws('|', contact_name, phone, company, job_title, company_size, source, opted_out_at IS NULL, status, created_by)", 'Kim@Example.com'),
    `Kim Lee|+1 212 555 0143|Acme|VP Marketing|80|Website|t|new|${role}`);
  assert.equal(engagements('Kim@Example.com'), 1);
  const stored = JSON.parse(sql("SELECT properties || jsonb_build_object('page', url) FROM crm.engagement"));
  assert.equal(stored.page, address);
  for (const [name, value] of Object.entries({ utm_source: 'news', utm_medium: 'email', utm_campaign: 'spring', utm_term: 'a b', utm_content: '<b>' })) {
    assert.equal(stored[name], value, name);
  }
  assert.equal(stored.message.replaceAll('\r\n', '\n'), "Two lines,\nit's \"urgent\"");
  assert.match(JSON.stringify(stored), /You may store what I wrote/);
});

test('a second visit is of the same lead', async () => {
  await page.goto(server.address);
  await fill({ contact_name: 'K. Lee', email: 'kim@example.com', message: 'again' });
  await sendIt();
  assert.equal(await outcome(), 'known');
  assert.match(await page.locator('#outcome').textContent(), /again/);
  assert.equal(lead('contact_name', 'Kim@Example.com'), 'Kim Lee');
  assert.equal(engagements('Kim@Example.com'), 2);
  assert.equal(sql('SELECT count(*) FROM crm.lead'), '1');
});

test('what the database refuses is said beside the field', async () => {
  await page.goto(`${server.address}?utm_source=news`);
  await fill({ contact_name: 'Lou Reyes', email: 'lou at example.com', company: 'Globex', message: 'a <b>bold</b> word', opt_out: true });
  const identity = await page.locator('[name=submission_id]').inputValue();
  await sendIt();
  const message = page.locator('#email-error');
  assert.match(await message.textContent(), /lou at example\.com/);
  assert.equal(await page.locator('.error').count(), 1);
  const email = page.getByLabel('E-mail address');
  assert.equal(await email.getAttribute('aria-invalid'), 'true');
  assert.match(await email.getAttribute('aria-describedby'), /\bemail-error\b/);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'email');
  assert.equal(await page.getByRole('alert').getByRole('link').getAttribute('href'), '#email');
  assert.equal(sql("SELECT count(*) FROM crm.lead WHERE company = 'Globex'"), '0');
  // everything else is as it was
  const now = {};
  for (const name of ['contact_name', 'email', 'company', 'message', 'utm_source', 'submission_id']) {
    now[name] = await page.locator(`[name=${name}]`).inputValue();
  }
  assert.deepEqual(now, { contact_name: 'Lou Reyes', email: 'lou at example.com', company: 'Globex', message: 'a <b>bold</b> word',
    utm_source: 'news', submission_id: identity });
  assert.equal(await page.locator('[name=opt_out]').isChecked(), true);
  // and can be sent when it is right
  await fill({ email: 'lou@example.com' });
  await sendIt();
  assert.equal(await outcome(), 'new');
  assert.equal(lead("company || '|' || (opted_out_at IS NOT NULL)", 'lou@example.com'), 'Globex|true');
});

test('every refusal finds its field', async () => {
  const right = { contact_name: 'Mia Sand', email: 'mia@example.com' };
  for (const [field, values, pattern] of [
    ['contact_name', { ...right, contact_name: ' ' }, /name/],
    ['email', { contact_name: 'Mia Sand' }, /Give an e-mail address or a phone number/],
    ['phone', { ...right, phone: 'not a number' }, /not a number/],
    ['company_size', { ...right, company_size: 'a dozen' }, /a dozen/],
  ]) {
    await page.goto(server.address);
    await fill(values);
    await sendIt();
    assert.match(await page.locator(`#${field}-error`).textContent(), pattern, field);
    assert.equal(await page.locator('.error').count(), 1, field);
  }
  assert.equal(lead('count(*)', 'mia@example.com'), '0');
});

test('a double click and a reload count once', async () => {
  await page.goto(server.address);
  await fill({ contact_name: 'Ann Double', email: 'double@example.com' });
  await page.getByRole('button', { name: 'Send' }).dblclick();
  await page.locator('#outcome').waitFor();
  await page.reload();
  assert.equal(await outcome(), 'replayed');
  assert.equal(lead('count(*)', 'double@example.com'), '1');
  assert.equal(engagements('double@example.com'), 1);
  // A new page is a new submission.
  await page.goto(server.address);
  await fill({ contact_name: 'Ann Double', email: 'double@example.com' });
  await sendIt();
  assert.equal(await outcome(), 'known');
  assert.equal(engagements('double@example.com'), 2);
});

test('who comes back by the history writes something new', async () => {
  await page.goto(server.address);
  const first = await page.locator('[name=submission_id]').inputValue();
  await fill({ contact_name: 'Bea Back', email: 'back@example.com' });
  await sendIt();
  assert.equal(await outcome(), 'new');
  await page.goBack();
  assert.notEqual(await page.locator('[name=submission_id]').inputValue(), first);
  await fill({ contact_name: 'Bea Back', email: 'back@example.com', message: 'more' });
  await sendIt();
  assert.equal(await outcome(), 'known');
  assert.equal(engagements('back@example.com'), 2);
});

test('the same at the same time counts once', async () => {
  const values = { contact_name: 'Pat Parallel', email: 'parallel@example.com', submission_id: randomUUID() };
  const answers = await Promise.all(Array.from({ length: 20 }, () => post(values).then((answer) => answer.text())));
  const outcomes = answers.map((text) => /data-outcome="(\w+)"/.exec(text)?.[1]);
  assert.deepEqual(outcomes.sort(), ['new', ...Array(19).fill('replayed')]);
  assert.equal(engagements('parallel@example.com'), 1);
});

test('markup is text', async () => {
  const name = '<script>document.title = "owned"</script><img src=x onerror="document.title=1">';
  let dialogs = 0;
  page.on('dialog', (dialog) => { dialogs++; dialog.dismiss(); });
  await page.goto(`${server.address}?utm_source=%22%3E%3Cscript%3Ealert(1)%3C/script%3E`);
  assert.equal(await page.locator('[name=utm_source]').inputValue(), '"><script>alert(1)</script>');
  await fill({ contact_name: name, email: 'wrong', message: '</textarea><script>alert(2)</script>' });
  await sendIt();
  assert.equal(await page.locator('[name=contact_name]').inputValue(), name);
  assert.equal(await page.locator('[name=message]').inputValue(), '</textarea><script>alert(2)</script>');
  await fill({ email: 'markup@example.com' });
  await sendIt();
  assert.ok((await page.locator('#outcome').textContent()).includes(name));
  assert.equal(await page.title(), 'Thank you');
  assert.equal(dialogs, 0);
  assert.equal(lead('contact_name', 'markup@example.com'), name);
});

test('a serialization failure is tried again', async () => {
  // The first two attempts fail: a sequence keeps count of what is rolled back.
  sql(`CREATE SEQUENCE public.attempt;
    CREATE FUNCTION public.fail_twice() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF nextval('public.attempt') <= 2 THEN RAISE EXCEPTION 'not now' USING ERRCODE = 'serialization_failure'; END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER fail_twice BEFORE INSERT ON crm.lead FOR EACH ROW EXECUTE FUNCTION public.fail_twice()`);
  try {
    const answer = await post({ contact_name: 'Tara Twice', email: 'twice@example.com' });
    assert.equal(answer.status, 200);
    assert.equal(sql('SELECT last_value FROM public.attempt'), '3');
    assert.equal(lead('count(*)', 'twice@example.com'), '1');
  } finally {
    sql('DROP TRIGGER fail_twice ON crm.lead; DROP FUNCTION public.fail_twice(); DROP SEQUENCE public.attempt');
  }
});

test('the role of the form reads and changes nothing', () => {
  const refused = (query) => assert.throws(() => sql(query, role), (error) => /permission denied/.test(error.stderr), query);
  const relations = sql("SELECT c.oid::regclass FROM pg_class c WHERE relnamespace = 'crm'::regnamespace AND relkind IN ('r', 'p', 'v')").split('\n');
  assert.ok(relations.includes('crm.lead') && relations.includes('crm.web_form'));
  for (const relation of relations) {
    refused(`SELECT * FROM ${relation}`);
  }
  for (const query of ['INSERT INTO crm.lead (contact_name, email) VALUES ($$x$$, $$x@example.com$$)', 'UPDATE crm.lead SET notes = NULL', 'DELETE FROM crm.lead',
    'INSERT INTO crm.engagement (lead_id, kind) VALUES (1, $$visit$$)', 'SELECT email FROM crm.web_form']) {
    refused(query);
  }
  // whatever else there is to grant
  assert.equal(sql(`SELECT string_agg(c.oid::regclass::text, ' ') FROM pg_class c WHERE relnamespace = 'crm'::regnamespace AND relkind IN ('r', 'p', 'v')
    AND has_table_privilege('${role}', c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')`), 'crm.web_form');
  assert.equal(sql(`SELECT has_table_privilege('${role}', 'crm.web_form', 'SELECT, UPDATE, DELETE')`), 'f');
  // It is told what became of its own form, and of no other.
  assert.equal(sql('SELECT lead_id, outcome FROM crm.web_form', role), '');
});

test('what is no form of ours is refused', async () => {
  const right = { contact_name: 'Eve', email: 'eve@example.com' };
  assert.equal((await post(right, { Origin: 'http://evil.example' })).status, 403);
  assert.equal((await post(right, { 'Sec-Fetch-Site': 'cross-site' })).status, 403);
  assert.equal((await fetch(server.address, { method: 'POST', body: JSON.stringify(right), headers: { 'Content-Type': 'application/json' } })).status, 415);
  assert.equal((await fetch(server.address, { method: 'PUT' })).status, 405);
  assert.equal((await fetch(`${server.address}package.json`)).status, 404);
  assert.equal((await fetch(`${server.address}..%2fpackage.json`)).status, 404);
  assert.equal(lead('count(*)', 'eve@example.com'), '0');
  // fields that the form does not have are not taken
  assert.equal((await post({ ...right, source: 'Referral', lead_id: '1', notes: 'x', 'status': 'converted' })).status, 200);
  assert.equal(lead("concat_ws('|', source, notes, status)", 'eve@example.com'), 'Website|new');
  const nul = await post({ contact_name: 'Nul\0Byte', email: 'nul@example.com', submission_id: 'no uuid' });
  assert.equal(nul.status, 200);
  assert.equal(lead('contact_name', 'nul@example.com'), 'NulByte');
});

test('a body that is too long is refused', async () => {
  const status = await post({ contact_name: 'Long', email: 'long@example.com', message: 'x'.repeat(100000) }).then((answer) => answer.status, () => 'closed');
  assert.ok(status === 413 || status === 'closed', `${status}`);
  assert.equal(lead('count(*)', 'long@example.com'), '0');
  assert.equal((await fetch(server.address)).status, 200);
});

test('while the database is away nothing is lost', async () => {
  const lonely = await start({ PGHOST: '127.0.0.1', PGPORT: '1' });
  try {
    await page.goto(lonely.address);
    await fill({ contact_name: 'Ida Later', email: 'later@example.com', message: 'keep this' });
    const [answer] = await Promise.all([page.waitForResponse((response) => response.request().method() === 'POST'), sendIt()]);
    assert.equal(answer.status(), 503);
    assert.match(await page.getByRole('alert').textContent(), /again/);
    assert.doesNotMatch(await page.content(), /ECONNREFUSED|127\.0\.0\.1:1\b/);
    assert.equal(await page.locator('[name=message]').inputValue(), 'keep this');
  } finally {
    lonely.child.kill();
  }
});

test('it works without scripts, and by the keyboard alone', async () => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const plain = await context.newPage();
  await plain.goto(server.address);
  await plain.locator('[name=contact_name]').focus();
  await plain.keyboard.type('Nora Noscript');
  await plain.keyboard.press('Tab');
  await plain.keyboard.type('noscript@example.com');
  await plain.keyboard.press('Enter');
  assert.equal(await plain.locator('#outcome').getAttribute('data-outcome'), 'new');
  assert.equal(engagements('noscript@example.com'), 1);
  await context.close();
});
