// A box that scrolls sideways, which the keyboard must be able to reach.
import type { ComponentChildren } from "preact";

type ScrollProps = {
  class: "scroll" | "map-scroll";
  "aria-label": string;
  children: ComponentChildren;
};

/** A named region with a scroll bar where its content is too wide. */
export function Scroll(props: ScrollProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: without it the keyboard cannot scroll
    <section class={props.class} aria-label={props["aria-label"]} tabIndex={0}>
      {props.children}
    </section>
  );
}
