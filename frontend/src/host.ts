// What TensorBoard tells the plugins in its iframes: that the data were read anew.
// Its own client library is not published; this is the part of its protocol that is needed here.

type Message = { type?: string; id?: number; isReply?: boolean };

/** Calls back whenever TensorBoard has read the log folder again. */
export function onDataReloaded(use: () => void): void {
  if (window.parent === window) return;
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = (event: MessageEvent<unknown>) => {
    let message: Message;
    try {
      message = JSON.parse(String(event.data)) as Message;
    } catch {
      return;
    }
    if (message.isReply) return;
    // TensorBoard waits for an answer to everything it says.
    port1.postMessage(
      JSON.stringify({ type: message.type, id: message.id, payload: null, isReply: true }),
    );
    if (message.type === "experimental.DataReloaded") use();
  };
  window.parent.postMessage("experimental.bootstrap", "*", [port2]);
}
