"""Looks after one reply on its way: from what the model is sent to sound in order, tried again where it broke off."""
