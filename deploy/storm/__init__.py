"""The storm: a story played while everything under it is killed, cut off, delayed and doubled."""
