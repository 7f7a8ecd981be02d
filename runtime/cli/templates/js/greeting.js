// A module without the process API, which tests import as it is.

export function greeting(name) {
  return `hello, ${name}`;
}
