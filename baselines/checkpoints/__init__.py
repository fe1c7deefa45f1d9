"""Readers of the weights that the baselines' authors published, without Caffe or Torch7: one module a format.
Those of PyTorch are read by `pipeline.model.pytorch_file`, as training can start from them.

A reader takes a path and gives named arrays. Nothing in a file is ever executed, and whatever is wrong with one, be it
rubbish or malice, ends in a `UserError` of one sentence that names it.
"""
