// Every picture that is offered as SVG can be had as PNG too: drawn here, so that the server needs no
// library for it. The picture is loaded from its own address, because the pages' content security
// policy lets images come from nowhere else; being of the same origin it may be read back.

const SCALE = 2; // pixels of the PNG for one of the picture: enough for print at its own size

for (const link of document.querySelectorAll("a[data-png]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "compact";
  button.textContent = "Picture (PNG)";
  button.addEventListener("click", () => save(link, button));
  link.after(" ", button);
}

async function save(link, button) {
  button.disabled = true;
  try {
    const blob = await drawn(link.href);
    offer(blob, link.dataset.png);
  } catch (error) {
    button.textContent = "No picture: reload the page and try again";
    throw error;
  } finally {
    button.disabled = false;
  }
}

async function drawn(address) {
  const image = new Image();
  image.src = address;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = SCALE * image.naturalWidth;
  canvas.height = SCALE * image.naturalHeight;
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#ffffff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
  if (!blob) throw new Error("the picture is too large for this browser");
  return blob;
}

function offer(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // Some browsers read it only after the click has returned.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
