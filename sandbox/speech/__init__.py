"""Speech made and heard on this machine: for the stand-ins, the scripted caller and the telephones, whoever's words."""
