// A box that scrolls sideways, which the keyboard must be able to reach.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

type ScrollProps = {
  class: "scroll" | "map-scroll";
  "aria-label": string;
  /** The pixel from the left that must be in sight. */
  shows?: number;
  children: ComponentChildren;
};

/** A named region with a scroll bar where its content is too wide. */
export function Scroll(props: ScrollProps) {
  const host = useRef<HTMLElement>(null);
  useEffect(() => {
    const box = host.current;
    if (!box || props.shows === undefined) return;
    // Not scrollIntoView: that would move the page too.
    const seen = props.shows - box.scrollLeft;
    if (seen < 0 || seen > box.clientWidth) box.scrollLeft = props.shows - box.clientWidth / 2;
  }, [props.shows]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: without it the keyboard cannot scroll
    <section ref={host} class={props.class} aria-label={props["aria-label"]} tabIndex={0}>
      {props.children}
    </section>
  );
}
