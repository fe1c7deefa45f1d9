// The component that Streamlit mounts: it fetches the page's real code once, as cacheable modules, and starts it.
// Streamlit calls this again after every rerun, with the same parent; what runs already goes on untouched.
const running = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const page = `${data.act} ${data.language}`;
  if (running.get(parentElement)?.page !== page) {
    running.get(parentElement)?.stop.abort();
    const stop = new AbortController();
    running.set(parentElement, { page, stop });
    const base = new URL(data.assets, document.baseURI).href;
    const root = parentElement.querySelector(".study");
    import(base + "main.js").then(({ start }) => start({ root, data, signal: stop.signal, done: () => setTriggerValue("done", data.act) }));
  }
  return () => {
    running.get(parentElement)?.stop.abort();
    running.delete(parentElement);
  };
}
