// A submission has one identity from when the page is shown: sent twice, by a
// double click or a reload, it counts once.
(function () {
  'use strict';

  function identify(again) {
    const field = document.querySelector('input[name=submission_id]');

    // One that the server sent back, with something to correct, stays.
    if (field && window.crypto && crypto.randomUUID && (again || field.value === '')) {
      field.value = crypto.randomUUID();
    }
  }

  identify(false);
  // Who comes back to the page by the history writes something new.
  window.addEventListener('pageshow', (event) => event.persisted && identify(true));
}());
