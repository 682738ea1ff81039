"""How the gradient of what is differentiated compares with that of Keras' mean of the loss."""
