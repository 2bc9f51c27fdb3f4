// Ce que seul le navigateur peut faire pour l'explorateur : réduire une photo avant de l'envoyer
// au noyau, et garder pour l'outil les touches tapées dans l'outil.

const TOOL = ".gradcam-lab-explorer";
const SUPPRESS = "data-lm-suppress-shortcuts"; // l'attribut que JupyterLab (Lumino) respecte

// Sans cela, « d d » sur un bouton supprimerait la cellule. L'attribut se pose sur l'élément qui
// reçoit la touche, et non sur l'outil : JupyterLab regarde d'abord celui-là. Ctrl + S lui reste.
function keepKeys(event) {
  const element = event.target;
  if (!element.closest?.(TOOL)) return;
  if (event.ctrlKey || event.metaKey) element.removeAttribute(SUPPRESS);
  else element.setAttribute(SUPPRESS, "true");
}

// Un JPEG d'au plus `limit` octets et `side` pixels de côté ; échoue si la photo ne se lit pas ici.
async function shrink(file, side, limit) {
  const photo = await createImageBitmap(file);
  const longest = Math.max(photo.width, photo.height);
  for (let target = Math.min(side, longest); target >= 2; target *= 0.7) {
    const size = (length) => Math.max(2, Math.round((length * target) / longest));
    const canvas = document.createElement("canvas");
    canvas.width = size(photo.width);
    canvas.height = size(photo.height);
    const context = canvas.getContext("2d");
    // La transparence sur du blanc, comme partout dans le cours.
    context.fillStyle = "white";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.imageSmoothingQuality = "high";
    context.drawImage(photo, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.92));
    if (blob && blob.size <= limit) return blob;
  }
  throw new Error("photo trop grande");
}

async function send(model, file) {
  const limit = model.get("max_bytes");
  const about = { name: file.name, size: file.size };
  try {
    const small = file.size <= limit ? file : await shrink(file, model.get("max_side"), limit);
    model.send(about, undefined, [await small.arrayBuffer()]);
  } catch {
    model.send(about); // sans la photo : Python le dira en français
  }
}

function initialize() {
  // `window`, en capture : avant le `document`, où JupyterLab écoute.
  window.addEventListener("keydown", keepKeys, true);
  return () => window.removeEventListener("keydown", keepKeys, true);
}

function render({ model, el }) {
  const input = document.createElement("input");
  input.type = "file";
  input.accept = "image/*";
  const button = document.createElement("button");
  button.type = "button";
  button.className = "jupyter-widgets jupyter-button widget-button";
  Object.assign(button.style, { width: "100%", margin: "0" });
  const icon = document.createElement("i");
  icon.className = "fa fa-upload";
  icon.setAttribute("aria-hidden", "true");
  const label = document.createElement("span");
  label.textContent = model.get("description");
  button.append(icon, " ", label);
  button.addEventListener("click", () => input.click());
  input.addEventListener("change", async () => {
    const [file] = input.files;
    if (!file) return;
    label.textContent = "Lecture de la photo…";
    await send(model, file);
    input.value = ""; // le même fichier pourra être choisi à nouveau
    label.textContent = model.get("description");
  });
  el.append(button);
}

export default { initialize, render };
