/* A page that waits for the worker looks again by itself; its link does the same without a script. */

const waiting = document.querySelector("[data-reload]");
if (waiting) setTimeout(() => location.reload(), Number(waiting.dataset.reload));
