// What is known of the end of a job.

import {duration, element, size} from './dom.js';

/** A box that scrolls by itself, by keyboard too. */
const scroll = (label, kind, content) =>
    element('div', {class: `scroll ${kind}`, tabindex: '0', role: 'region', 'aria-label': label}, content);

function fault({signal, address, overflow, call, trace}) {
  const what = call ? `${signal}: the system call ${call} is not allowed`
             : overflow ? `${signal} at ${address}: the stack overflowed`
                        : `${signal} at ${address}`;
  return [
    element('div', {class: 'fault'}, element('h3', {}, what),
            element('p', {}, 'The worker is gone, and another one has taken its place.')),
    ...(trace ? [element('h3', {}, 'Stack trace'), scroll('Stack trace', 'tall', element('pre', {}, trace))] : []),
  ];
}

function picture({width, height, pixels}) {
  const canvas = element('canvas', {width, height, role: 'img', 'aria-label': `Thumbnail, ${width} by ${height} pixels`});
  const bytes = Uint8ClampedArray.from(atob(pixels), c => c.charCodeAt(0));
  canvas.getContext('2d').putImageData(new ImageData(bytes, width, height), 0, 0);
  return canvas;
}

function table({caption, columns, rows}) {
  const isNumber = columns.map((_, i) => rows.length > 0 && rows.every(row => /^\d+$/.test(row[i] ?? '')));
  const cell = (kind, attributes) => (text, i) =>
      element(kind, {...attributes, ...(isNumber[i] ? {class: 'number'} : {})}, text);
  return [
    element('h3', {}, caption),
    scroll(caption, 'tall', element('table', {},
        element('thead', {}, element('tr', {}, ...columns.map(cell('th', {scope: 'col'})))),
        element('tbody', {}, ...rows.map(row => element('tr', {}, ...row.map(cell('td', {}))))))),
  ];
}

const facts = list => element('dl', {class: 'facts'},
    ...list.flatMap(([label, value]) => [element('dt', {}, label), element('dd', {}, value)]));

const parts = list => element('pre', {class: 'wrap'},
    ...list.map(({text, match}) => match ? element('mark', {}, text) : text));

export function show({job, details}) {
  if (job.state !== 'ended')
    return [element('p', {}, job.state === 'queued' ? 'The job waits for a worker.' : `The worker says: ${job.stage ?? ''}.`)];
  const made = [];
  const text = details.summary ?? details.exception ?? details.outcome;
  if (!details.fault && (text !== job.headline || text.length > 50)) made.push(element('p', {}, text));
  if (details.fault) made.push(...fault(details.fault));
  if (details.thumbnail) made.push(picture(details.thumbnail));
  if (details.parts) made.push(scroll('Text with matches', 'tall', parts(details.parts)));
  if (details.facts?.length) made.push(facts(details.facts));
  for (const each of details.tables ?? []) made.push(...table(each));
  if (details.stderr)
    made.push(element('h3', {}, 'Written to stderr'), scroll('Written to stderr', 'tall', element('pre', {}, details.stderr)));
  const {wall, user, system, memory} = details.usage;
  const worker = job.generation ? `worker ${job.generation} in slot ${job.slot}, process ${job.pid}; ` : '';
  made.push(element('p', {class: 'hint'},
      `${worker}waited ${duration(job.waited)}, took ${duration(wall)}, ` +
      `processor ${duration(user + system)}, memory ${size(memory)}`));
  return made;
}
