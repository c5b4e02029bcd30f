// Signing in with a passkey, and adding one. The page says what to ask the browser; its answer is sent back by a form.
const ask = {
  create: (options) =>
    navigator.credentials.create({
      publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options),
    }),
  get: (options) =>
    navigator.credentials.get({
      publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options),
    }),
};

function tell(form, problem) {
  for (const text of form.querySelectorAll("[data-problem]")) {
    text.hidden = text.dataset.problem !== problem;
  }
}

async function use(form) {
  tell(form, null);
  try {
    const credential = await ask[form.dataset.passkey](JSON.parse(form.dataset.options));
    form.elements.credential.value = JSON.stringify(credential);
  } catch (error) {
    // The person said no, took too long, or has none; anything else is not theirs to mend.
    tell(form, error.name === "NotAllowedError" ? "failed" : "unable");
    return;
  }
  form.submit();
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    use(form);
  });
  use(form);
}
