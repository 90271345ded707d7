/* The browser's storage where it may be used; where it is switched off, memory: then labelling works
   all the same, and only changed keys and waiting answers do not outlive the page. */

class Memory {
  constructor() {
    this.items = new Map();
  }

  get names() {
    return [...this.items.keys()];
  }

  read(name) {
    return this.items.get(name) ?? null;
  }

  write(name, text) {
    this.items.set(name, text);
  }

  remove(name) {
    this.items.delete(name);
  }
}

class Local {
  get names() {
    return Object.keys(localStorage);
  }

  read(name) {
    return localStorage.getItem(name);
  }

  write(name, text) {
    localStorage.setItem(name, text);
  }

  remove(name) {
    localStorage.removeItem(name);
  }
}

function isAllowed() {
  try {
    localStorage.setItem("cer.probe", "");
    localStorage.removeItem("cer.probe");
    return true;
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    return false;
  }
}

export const storage = isAllowed() ? new Local() : new Memory();
