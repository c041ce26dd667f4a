/** Whether a process of this machine is there. */
export function processAlive(pid: number): boolean {
  try {
    // Signal 0 asks only whether the process is there.
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
