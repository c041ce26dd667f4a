"""The three networks, as diffusers and transformers build them from a configuration."""
from __future__ import annotations

from diffusers import AutoencoderKL, DPMSolverMultistepScheduler, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

from .recipe import AutoencoderShape, TextShape, UnetShape


def autoencoder(shape: AutoencoderShape) -> AutoencoderKL:
    levels = len(shape.channels)
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=shape.channels,
        layers_per_block=1,
        latent_channels=shape.latent_channels,
        norm_num_groups=shape.norm_groups,
        sample_size=shape.size,
        mid_block_add_attention=False,
        use_quant_conv=False,
        use_post_quant_conv=False,
        scaling_factor=1.0,
        shift_factor=0.0,
    )


def unet(shape: UnetShape, text: TextShape, latents: AutoencoderShape) -> UNet2DConditionModel:
    def types(plain: str, cross: str) -> tuple[str, ...]:
        return tuple(cross if attends else plain for attends in shape.attends)

    return UNet2DConditionModel(
        sample_size=latents.size // 2 ** (len(latents.channels) - 1),
        in_channels=latents.latent_channels,
        out_channels=latents.latent_channels,
        down_block_types=types("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=types("UpBlock2D", "CrossAttnUpBlock2D")[::-1],
        block_out_channels=shape.channels,
        layers_per_block=shape.layers,
        attention_head_dim=shape.heads,  # the published field's name; it counts heads
        cross_attention_dim=text.width,
        norm_num_groups=shape.norm_groups,
        use_linear_projection=True,
    )


def text_encoder(shape: TextShape, vocabulary: int, begin: int, end: int) -> CLIPTextModel:
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=vocabulary,
            hidden_size=shape.width,
            intermediate_size=4 * shape.width,
            num_hidden_layers=shape.layers,
            num_attention_heads=shape.heads,
            max_position_embeddings=shape.tokens,
            projection_dim=shape.width,
            bos_token_id=begin,
            eos_token_id=end,
            pad_token_id=end,
        )
    )


def scheduler() -> DPMSolverMultistepScheduler:
    """Cosine noise, velocity prediction, nothing left of the picture at the last step's end."""
    return DPMSolverMultistepScheduler(
        beta_schedule="squaredcos_cap_v2",
        prediction_type="v_prediction",
        timestep_spacing="trailing",
        steps_offset=1,  # what diffusers' pipeline sets it to; trailing steps have no offset
        algorithm_type="dpmsolver++",
        solver_order=2,
    )
