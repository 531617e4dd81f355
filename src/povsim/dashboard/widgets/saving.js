// Files for the reader's disk.
export function save(name, data, mime = "application/octet-stream") {
  const blob = data instanceof Blob ? data : new Blob([data], { type: mime });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name.replace(/[\\/:*?"<>|]/g, " ");
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Save what the kernel sends as a file. */
export function savesFiles(model) {
  model.on("msg:custom", (message, buffers) => {
    if (message.kind === "file") save(message.name, buffers[0], message.mime);
  });
}
