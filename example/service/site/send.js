// Sends files, patterns and attacks.

import {byId, size} from './dom.js';

let mostBytes = Infinity;

export function setLimit(bytes) {
  mostBytes = bytes;
}

let hiding;

/** Shows a message in a corner, for a while. */
function say(text, isBad) {
  const answer = byId('answer');
  answer.textContent = text;
  answer.classList.toggle('bad', isBad);
  byId('watch').hidden = isBad;
  clearTimeout(hiding);
  hiding = setTimeout(() => {
    answer.textContent = '';
    byId('watch').hidden = true;
  }, isBad ? 15_000 : 5000);
}

async function post(path, headers, body) {
  let response;
  try {
    response = await fetch(path, {method: 'POST', headers: {'X-Isolatte': '1', ...headers}, body});
  } catch {
    say('The service does not answer.', true);
    return;
  }
  const {id, error} = await response.json().catch(() => ({error: `status ${response.status}`}));
  const wait = response.headers.get('Retry-After');
  if (response.ok)
    say(`Sent as job ${id}.`, false);
  else
    say(`Not taken: ${error}.${wait ? ` Try again in ${wait} s.` : ''}`, true);
}

async function sendFile(file, name) {
  if (file.size > mostBytes) {
    say(`Not sent: ${name} has ${size(file.size)}, and ${size(mostBytes)} are the most.`, true);
    return;
  }
  await post('/api/files', {'Content-Type': 'application/octet-stream', 'X-File-Name': encodeURIComponent(name)}, file);
}

async function sendFiles(files) {
  for (const file of files) await sendFile(file, file.name);
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

function prepareDrop(zone) {
  const over = isOver => event => {
    event.preventDefault();
    zone.classList.toggle('over', isOver);
  };
  zone.addEventListener('dragover', over(true));
  zone.addEventListener('dragleave', over(false));
  zone.addEventListener('drop', event => {
    over(false)(event);
    sendFiles(event.dataTransfer.files);
  });
}

export function prepareForms() {
  const input = byId('file');
  input.addEventListener('change', async () => {
    await sendFiles([...input.files]);
    input.value = '';
  });
  prepareDrop(byId('drop'));
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
      say('Filled in. Press Search to send it.', false);
    });
  for (const button of document.querySelectorAll('[data-sample]'))
    button.addEventListener('click', () => post(`/api/samples/${button.dataset.sample}`, {}, null));
}
