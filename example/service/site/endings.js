// The endings of jobs: words and colours.

const kinds = {
  returned: ['good', 'returned', '✓'],
  threw: ['warn', 'threw', '!'],
  faulted: ['bad', 'faulted', '✕'],
  timed_out: ['late', 'timed out', '◷'],
  killed: ['gone', 'killed', '✕'],
  queued: ['queued', 'waiting', ''],
  running: ['live', 'running', ''],
};

/** The class, the word and the sign of an ending, or of the state of a job without one. */
export const look = ending => kinds[ending] ?? ['plain', ending.replaceAll('_', ' '), '–'];
