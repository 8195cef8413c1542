/** The beginning of a day, or of one that is so many later, in the zone of the machine. */
export function midnight(day: string, later: number): string {
  const at = new Date(`${day}T00:00`);
  at.setDate(at.getDate() + later);
  return at.toISOString();
}
