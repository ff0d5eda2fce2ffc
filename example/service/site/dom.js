// Makes elements. Text becomes text nodes, never markup: much of it comes from files of strangers.

const svgSpace = 'http://www.w3.org/2000/svg';

function fill(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

export const element = (name, attributes = {}, ...children) =>
    fill(document.createElement(name), attributes, children);

export const svg = (name, attributes = {}, ...children) =>
    fill(document.createElementNS(svgSpace, name), attributes, children);

export const byId = id => document.getElementById(id);

/** Sets a text, and leaves the page alone if it is there already. */
export function setText(where, text) {
  if (where.textContent !== String(text)) where.textContent = text;
}

// A number and its unit stay on one line.
const gap = '\u00a0';

export function duration(milliseconds) {
  if (milliseconds < 10) return `${milliseconds.toFixed(1)}${gap}ms`;
  if (milliseconds < 1000) return `${Math.round(milliseconds)}${gap}ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(milliseconds < 10_000 ? 2 : 0)}${gap}s`;
  if (milliseconds < 3_600_000) return `${Math.floor(milliseconds / 60_000)}${gap}min`;
  if (milliseconds < 172_800_000) return `${Math.floor(milliseconds / 3_600_000)}${gap}h`;
  return `${Math.floor(milliseconds / 86_400_000)}${gap}days`;
}

export function size(bytes) {
  if (bytes < 1024) return `${bytes}${gap}B`;
  if (bytes < 1 << 20) return `${Math.round(bytes / 1024)}${gap}KiB`;
  const mebibytes = bytes / (1 << 20);
  return `${mebibytes.toFixed(mebibytes < 10 ? 1 : 0).replace('.0', '')}${gap}MiB`;
}
