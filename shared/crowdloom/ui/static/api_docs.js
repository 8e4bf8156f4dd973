/* Starts Swagger UI on the area's own description; calls go to this origin alone. */
(() => {
  "use strict";
  const place = document.querySelector("#api");
  window.SwaggerUIBundle({
    domNode: place,
    url: new URL(place.dataset.spec, document.baseURI).href,
    deepLinking: true,
    filter: true,
    persistAuthorization: false,
    tryItOutEnabled: false,
    validatorUrl: null,
  });
})();
