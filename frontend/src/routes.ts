// Relative addresses of the routes below data/plugin/batch_norm/: any path prefix works.

export type Arguments = Record<string, string | number | readonly string[] | undefined>;

/** The address of a route; an argument that is undefined is left out, a list given often. */
export function routeOf(route: string, given: Arguments = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(given)) {
    for (const one of [value ?? []].flat()) query.append(name, String(one));
  }
  const text = query.toString();
  return text ? `./${route}?${text}` : `./${route}`;
}
