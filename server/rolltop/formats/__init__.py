"""Foreign files become rows of text, in a process of their own.

    server:  recognise (what is it?) ─▶ asking ─▶ ─ ─ pipe ─ ─ ─▶ worker: workbook | document | parquet | database
                                          rows file + fields ◀─ ─ ─ ─ ─ ─ ─┘

A file may be damaged, huge or cunning, and the libraries that read these formats may then take all memory or abort: a
workbook of two far apart cells makes calamine ask for 512 GB. So they run in a worker with limits, which writes the
rows into a file of ours; the server reads that, and stays small and alive. Delimited text needs none of this.
"""
