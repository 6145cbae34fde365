"""The pages: one door among others, in HTML.

`templates/` holds the frame, the layouts and the components (`cotton/`);
`pages/<audience>/` holds the views, which parse, call one operation or query
and answer; `src/` is what Vite builds into `static/build/`. Pages own no rules
and never import models.
"""
