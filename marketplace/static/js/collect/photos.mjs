// Photos: drawn anew, small enough for a weak line, and without what the camera wrote into the file (place, time, device).

const LONGEST_EDGE = 1600, QUALITY = 0.82, THUMB_EDGE = 160;

export async function shrink(file) {
  // The picture is turned upright while it is read; after that nothing says how the phone was held.
  const image = await createImageBitmap(file, { imageOrientation: "from-image" });
  const blob = await new Promise((resolve) => { draw(image, LONGEST_EDGE).toBlob(resolve, "image/jpeg", QUALITY); });
  const thumb = draw(image, THUMB_EDGE).toDataURL("image/jpeg", 0.7);
  image.close();
  if (!blob) throw new Error("the picture could not be drawn");
  return { blob, thumb };
}

function draw(image, edge) {
  const scale = Math.min(1, edge / Math.max(image.width, image.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(image.width * scale));
  canvas.height = Math.max(1, Math.round(image.height * scale));
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas;
}
