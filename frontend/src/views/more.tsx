// A button that opens the rest of a list, and closes it again.

interface Props {
  /** Whether all is shown; the button turns it. */
  all: { value: boolean };
  /** What it says while some is left out. */
  words: string;
  /** What it says while all is shown. */
  fewer?: string;
}

export function More({ all, words, fewer = "fewer" }: Props) {
  return (
    <button
      type="button"
      class="link"
      aria-expanded={all.value}
      onClick={() => {
        all.value = !all.value;
      }}
    >
      {all.value ? fewer : words}
    </button>
  );
}
