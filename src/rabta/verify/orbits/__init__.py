"""Published results of moving networks against ours."""
