// Sends files, patterns and attacks.

import {byId, size} from './dom.js';

let mostBytes = Infinity;

export function setLimit(bytes) {
  mostBytes = bytes;
}

let hiding;

function hide() {
  clearTimeout(hiding);
  byId('answer').textContent = '';
  byId('watch').hidden = true;
}

function hideAfter(milliseconds) {
  clearTimeout(hiding);
  hiding = setTimeout(() => {
    // The link does not go away from somebody who is about to follow it.
    if (byId('answer').parentElement.matches(':hover, :focus-within')) hideAfter(1000);
    else hide();
  }, milliseconds);
}

/** Shows a message in a corner, for a while. One that tells of jobs has a link to them. */
function say(text, {isBad = false, hasJobs = false} = {}) {
  const answer = byId('answer');
  answer.textContent = text;
  answer.classList.toggle('bad', isBad);
  byId('watch').hidden = isBad || !hasJobs;
  hideAfter(isBad ? 15_000 : 5000);
}

/** @return {id} of a job, or {error}, with `wait` in seconds if another try may do */
async function ask(path, headers, body, name) {
  let response;
  try {
    response = await fetch(path, {method: 'POST', headers: {'X-Isolatte': '1', ...headers}, body});
  } catch {
    return {error: 'The service does not answer.'};
  }
  const {id, error} = await response.json().catch(() => ({error: `status ${response.status}`}));
  return response.ok ? {id} : {error: `Not taken: ${name ? `${name}, ` : ''}${error}.`, wait: Number(response.headers.get('Retry-After'))};
}

function tell({id, error, wait}) {
  if (error) say(error + (wait ? ` Try again in ${wait} s.` : ''), {isBad: true});
  else say(`Sent as job ${id}.`, {hasJobs: true});
}

const post = async (path, headers, body) => tell(await ask(path, headers, body));

async function askFile(file, name) {
  if (file.size > mostBytes)
    return {error: `Not sent: ${name} has ${size(file.size)}, and ${size(mostBytes)} are the most.`};
  // It may be a folder, or gone.
  const bytes = await file.arrayBuffer().catch(() => undefined);
  if (!bytes) return {error: `Not sent: ${name} cannot be read.`};
  return ask('/api/files', {'Content-Type': 'application/octet-stream', 'X-File-Name': encodeURIComponent(name)}, bytes,
             name);
}

const sendFile = async (file, name) => tell(await askFile(file, name));

/** Sends several files. When the service has no room for one, it gets that one a little later. */
async function sendFiles(list) {
  const files = [...list];
  if (files.length === 1) return sendFile(files[0], files[0].name);
  const problems = [];
  for (const [i, file] of files.entries()) {
    let answer = await askFile(file, file.name);
    for (let tries = 0; answer.wait && tries < 20; ++tries) {
      say(`${file.name}, file ${i + 1} of ${files.length}, waits: the service has no room.`, {hasJobs: i > problems.length});
      await new Promise(done => setTimeout(done, answer.wait * 1000));
      answer = await askFile(file, file.name);
    }
    if (answer.error) problems.push(answer.error);
  }
  const sent = files.length - problems.length;
  const more = problems.length > 3 ? ` And ${problems.length - 3} more.` : '';
  say([`Sent ${sent} of ${files.length} files.`, ...problems.slice(0, 3)].join(' ') + more, {isBad: problems.length > 0, hasJobs: true});
}

/** Draws an image, so that there is one on every phone. */
function draw() {
  const canvas = document.createElement('canvas');
  canvas.width = 320;
  canvas.height = 200;
  const context = canvas.getContext('2d');
  const sky = context.createLinearGradient(0, 0, 0, 200);
  sky.addColorStop(0, '#123a5c');
  sky.addColorStop(0.6, '#e58b5a');
  sky.addColorStop(1, '#f7d794');
  context.fillStyle = sky;
  context.fillRect(0, 0, 320, 200);
  context.fillStyle = '#fff3d1';
  context.beginPath();
  context.arc(60 + Math.random() * 200, 110, 24, 0, 7);
  context.fill();
  context.fillStyle = '#0f3d36';
  context.beginPath();
  context.moveTo(0, 200);
  for (let x = 0; x <= 320; x += 8) context.lineTo(x, 150 + 22 * Math.sin(x / 34 + Math.random() * 0.3));
  context.lineTo(320, 200);
  context.fill();
  return new Promise(done => canvas.toBlob(done, 'image/png'));
}

async function sendDrawing(isDamaged) {
  let file = await draw();
  if (isDamaged) {
    const bytes = new Uint8Array(await file.arrayBuffer());
    bytes.fill(0x5a, bytes.length >> 1, (bytes.length >> 1) + 64);
    file = new Blob([bytes]);
  }
  await sendFile(file, isDamaged ? 'drawing-damaged.png' : 'drawing.png');
}

/** Takes files that are dropped anywhere. A browser would leave the page for one that is dropped outside the zone. */
function prepareDrop(zone) {
  const hasFiles = event => event.dataTransfer.types.includes('Files');
  addEventListener('dragover', event => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    zone.classList.add('over');
  });
  addEventListener('dragleave', event => {
    if (!event.relatedTarget) zone.classList.remove('over');
  });
  addEventListener('drop', event => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    zone.classList.remove('over');
    sendFiles(event.dataTransfer.files);
  });
}

export function prepareForms() {
  const input = byId('file');
  input.addEventListener('change', () => {
    const files = [...input.files];
    input.value = '';
    sendFiles(files);
  });
  prepareDrop(byId('drop'));
  // A pointer stays over the message, which would cover the jobs.
  byId('watch').addEventListener('click', hide);
  byId('draw').addEventListener('click', () => sendDrawing(false));
  byId('draw-damaged').addEventListener('click', () => sendDrawing(true));

  const pattern = byId('pattern');
  const text = byId('text');
  byId('pattern-form').addEventListener('submit', event => {
    event.preventDefault();
    post('/api/patterns', {'Content-Type': 'application/json'},
         JSON.stringify({pattern: pattern.value, text: text.value}));
  });
  for (const button of document.querySelectorAll('[data-pattern]'))
    button.addEventListener('click', () => {
      const {pattern: fills, repeat, times, tail} = button.dataset;
      pattern.value = fills;
      text.value = repeat.repeat(times) + tail;
      say('Filled in. Press Search to send it.');
    });
  for (const button of document.querySelectorAll('[data-sample]'))
    button.addEventListener('click', () => post(`/api/samples/${button.dataset.sample}`, {}, null));
}
