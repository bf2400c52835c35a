"""Copies of the whole database, from which any moment of it can be had again, and the proof that they are good.

A *base* is the whole cluster at one moment; the *archive* is every file of the write-ahead log since. Both are sealed with the
installation's privacy keys before they lie in the backup folder, so whoever takes the folder has nothing. *Restoring* unpacks a
base and lets a server of its own replay the archive up to a moment or a named point. A *drill* names a point in the running
database, restores to it, and compares the checksum of every table with those that the running database had at that very point:
a copy that was never restored is a hope and no copy. All of it is for the server brought along; a managed one has its own
(docs/operations.md), and a drill compares what that restored.
"""
