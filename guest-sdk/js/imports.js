// The imports of a process, by module. The top level of the modules runs while the
// component is built, where a call of an import would only trap: until `begin`, each
// throws.
import * as hostCapability from "warren:process/capability@0.1.0";
import * as hostClock from "warren:process/clock@0.1.0";
import * as hostContext from "warren:process/context@0.1.0";
import * as hostLogger from "warren:process/logger@0.1.0";
import * as hostMailbox from "warren:process/mailbox@0.1.0";
import * as hostProcess from "warren:process/process@0.1.0";
import * as hostProgram from "warren:process/program@0.1.0";
import * as hostRandom from "warren:process/random@0.1.0";
import * as hostRegistry from "warren:process/registry@0.1.0";
import * as hostSecurity from "warren:process/security@0.1.0";
import * as hostStdio from "warren:process/stdio@0.1.0";

export let capability = early("capability");
export let clock = early("clock");
export let context = early("context");
export let logger = early("logger");
export let mailbox = early("mailbox");
export let process = early("process");
export let program = early("program");
export let random = early("random");
export let registry = early("registry");
export let security = early("security");
export let stdio = early("stdio");

/** Makes the imports work. Called as the process starts. */
export function begin() {
  capability = hostCapability;
  clock = hostClock;
  context = hostContext;
  logger = hostLogger;
  mailbox = hostMailbox;
  process = hostProcess;
  program = hostProgram;
  random = hostRandom;
  registry = hostRegistry;
  security = hostSecurity;
  stdio = hostStdio;
}

function early(module) {
  const refuse = (_, name) => () => {
    throw new Error(`${module}.${String(name)} is called at the top level: call it inside \`main\``);
  };
  return new Proxy({}, { get: refuse });
}
