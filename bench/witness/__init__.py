"""An outside witness: voicebench, a public tool that shares no code with ours, phones the stack and times it."""
