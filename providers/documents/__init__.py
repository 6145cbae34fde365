"""Files that prove something: checked when they come in, kept privately, never shown inline.

A document comes in once (`operations.keep`) and is never edited: a better copy is another document. What it is, its
bytes decide, and the extension of its name must agree. It is kept below MEDIA_ROOT under a random name that says
nothing, and leaves only as a download, to its own organisation and to those of the platform who review providers.

`content` recognises a file and says what is wrong with it; `images` and `pdfs` know the two families of formats. Both
read the structure themselves, before a library decodes anything, so that a small file cannot become a large one.
"""
