// Swagger UI over the live document, signed in as the person.
import { openapi, signedIn } from "/docs/session.js";

const spec = await openapi();
if (spec) {
  window.SwaggerUIBundle({
    spec,
    dom_id: "#docs",
    deepLinking: true,
    // Hundreds of schemas would take seconds to list; each operation shows its own.
    defaultModelsExpandDepth: Object.keys(spec.components.schemas).length > 200 ? -1 : 0,
    displayRequestDuration: true,
    docExpansion: "none",
    filter: true,
    tryItOutEnabled: true,
    validatorUrl: null, // the online validator would receive the document
    requestInterceptor(request) {
      // Only our own origin ever gets the token.
      if (new URL(request.url, location.href).origin !== location.origin) return request;
      if (!request.headers.Authorization) Object.assign(request.headers, signedIn());
      return request;
    },
  });
}
