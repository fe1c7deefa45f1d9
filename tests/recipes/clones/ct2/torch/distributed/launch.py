"""Stands for PyTorch's launcher of one process: it adds the process's number to the module's arguments."""

import argparse
import runpy
import sys

parser = argparse.ArgumentParser()
parser.add_argument("--nproc_per_node", type=int, required=True)
parser.add_argument("-m", "--module", action="store_true")
parser.add_argument("script")
parser.add_argument("arguments", nargs=argparse.REMAINDER)
launched = parser.parse_args()
assert launched.module and launched.nproc_per_node == 1
sys.argv = [launched.script, "--local_rank=0", *launched.arguments]
runpy.run_module(launched.script, run_name="__main__")
