"""The embedded illustrator: a small latent diffusion that draws icons and simple pictures, trained on named icons."""
