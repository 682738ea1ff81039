"""Moving statistics estimated anew from data: precise batch normalization."""
