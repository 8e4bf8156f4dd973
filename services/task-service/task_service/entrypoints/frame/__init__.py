"""Requester HTML, in documents that are good for a sandboxed frame and nothing else.

    GET /frame/assignments/<assignment_id>
        The task as its worker sees it. The HttpOnly cookie `cl_ticket_<assignment_id>` is all the
        authority it needs. Embedded by the workspace, whose script owns Submit.
    GET /frame/batches/<batch_id>/preview?item=<number>&pass=<permission>
        One of the first items of an open batch, for whom matching-service lets look at it: nothing
        can be submitted.
    GET /requester/frame/batches/<batch_id>/<number>
        Row `number` (from 1) of the requester's own batch, as a preview: nothing can be submitted.
    GET /requester/frame/projects/<project_id>?<column>=<value>&...
        The template of the requester's own project as a preview; placeholders without a value in
        the query stay as they are.
    GET /frame/static/v/<digest>/<file>
        What the elements of the crowd family need. The script that runs first in each of these
        documents, runtime.js, stands in the document itself.

Embed them with `<iframe class="frame" sandbox="allow-scripts allow-forms" src="..." title="...">`.
The documents carry the same sandbox in their own policy, so that a link to one opens nothing more.
The frame tells its height by postMessage: `{crowdloom: "size", height}`; runtime.js has the rest.
"""
