// Relative addresses of the routes below data/plugin/batch_norm/: any path prefix works.

export type Arguments = Record<string, string | number | undefined>;

/** The address of a route; an argument that is undefined is left out. */
export function routeOf(route: string, given: Arguments = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined) query.set(name, String(value));
  }
  const text = query.toString();
  return text ? `./${route}?${text}` : `./${route}`;
}
