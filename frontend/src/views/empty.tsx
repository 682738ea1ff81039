// No records yet: what to paste into a program.
import { Copy } from "./finding.tsx";

const FIT = `import tb_bnplugin

tensorboard = keras.callbacks.TensorBoard("logs")
model.fit(x, y, callbacks=[tensorboard, tb_bnplugin.BatchNormCallback(tensorboard)])`;

const LOOP = `import tb_bnplugin

watch = tb_bnplugin.watch(model)                  # before the first step
with tf.summary.create_file_writer("logs").as_default():
    for step, (x, y) in enumerate(dataset, 1):
        loss = train_step(x, y)
        tb_bnplugin.summary.batch_norm(model, step=step)`;

/** The page without a record. */
export function Empty() {
  return (
    <main class="empty">
      <h1>No batch normalization records in this log folder</h1>
      <p>Add these lines to your program. This page fills in while it trains.</p>
      <Snippet title="With fit" text={FIT} />
      <Snippet title="With your own training loop" text={LOOP} />
    </main>
  );
}

function Snippet({ title, text }: { title: string; text: string }) {
  return (
    <section>
      <h2>
        {title} <Copy text={text} what={`the program: ${title}`} />
      </h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls needs the keyboard */}
      <pre tabIndex={0}>{text}</pre>
    </section>
  );
}
