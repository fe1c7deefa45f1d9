"""Stands for ChromaGAN's settings."""

DATA_DIR, OUT_DIR, MODEL_DIR = "../DATASET/imagenet/", "../RESULT/imagenet/", "../MODEL/imagenet/"
TEST_DIR, BATCH_SIZE, PRETRAINED = "test", 10, "modelPretrained.h5"
