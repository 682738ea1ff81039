// A box that keeps its height while it waits for what it shows.
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

type SteadyProps = { waiting: boolean; children: ComponentChildren };

/** As high as it last was while it waits, so that nothing below it moves. */
export function Steady({ waiting, children }: SteadyProps) {
  const host = useRef<HTMLDivElement>(null);
  const height = useRef(0);
  useLayoutEffect(() => {
    if (!waiting && host.current) height.current = host.current.offsetHeight;
  });
  return (
    <div ref={host} style={waiting ? { minHeight: `${height.current}px` } : {}}>
      {children}
    </div>
  );
}
