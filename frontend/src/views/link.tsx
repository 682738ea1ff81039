// A link to a place of this tab: a click opens it here, and other ways of opening it work too.
import type { ComponentChildren } from "preact";
import { addressOf, type Place } from "../address.ts";
import { openPlace } from "../load.ts";

type Linked = {
  to: Place;
  class?: string;
  title?: string;
  "aria-label"?: string;
  tabIndex?: number;
  /** Before it is opened here. */
  onOpen?: () => void;
};

/** The link; the address is TensorBoard's, around this page. No component: a long table has many. */
export function placeLink({ to, onOpen, ...rest }: Linked, children: ComponentChildren) {
  return (
    <a
      {...rest}
      href={addressOf(to)}
      target="_parent"
      onClick={(event) => {
        if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        onOpen?.();
        openPlace(to);
      }}
    >
      {children}
    </a>
  );
}
