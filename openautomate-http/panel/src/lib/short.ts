/** What tells an id from others at a glance: ids begin with the time, so it is their ends that differ. */
export function short(id: string): string {
  return id.slice(-8);
}
