// The canvas of a picture, and the mark beside the row that is looked at.
import { GUTTER, type Scale } from "../model/axis.ts";

/** The one canvas of a picture, at the screen's resolution and cleared. */
export function canvasOf(host: HTMLElement, width: number, height: number) {
  let canvas = host.querySelector("canvas");
  if (!canvas) {
    canvas = document.createElement("canvas");
    host.append(canvas);
  }
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser gives no 2d canvas");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

/** An arrow at the right edge that points to the row of the layer that is looked at. */
export function markRow(
  context: CanvasRenderingContext2D,
  color: string,
  scale: Scale,
  middle: number,
): void {
  const left = GUTTER + scale.width + 1;
  context.fillStyle = color;
  context.beginPath();
  context.moveTo(left, middle);
  context.lineTo(left + 7, middle - 4);
  context.lineTo(left + 7, middle + 4);
  context.fill();
}
