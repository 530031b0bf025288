"""Layers: state and a computation."""

from amalthea.layers.activations.layers import ELU, LeakyReLU, PReLU, ReLU, Softmax
from amalthea.layers.attention.attention import AdditiveAttention, Attention
from amalthea.layers.attention.group_query_attention import GroupQueryAttention
from amalthea.layers.attention.multi_head_attention import MultiHeadAttention
from amalthea.layers.configurations import deserialize, serialize
from amalthea.layers.convolutional.conv import Conv1D, Conv2D, Conv3D, Convolution1D, Convolution2D, Convolution3D
from amalthea.layers.convolutional.depthwise import (
    DepthwiseConv1D,
    DepthwiseConv2D,
    SeparableConv1D,
    SeparableConv2D,
    SeparableConvolution1D,
    SeparableConvolution2D,
)
from amalthea.layers.convolutional.transpose import (
    Conv1DTranspose,
    Conv2DTranspose,
    Conv3DTranspose,
    Convolution1DTranspose,
    Convolution2DTranspose,
    Convolution3DTranspose,
)
from amalthea.layers.core.activation import Activation
from amalthea.layers.core.dense import Dense
from amalthea.layers.core.einsum_dense import EinsumDense
from amalthea.layers.core.embedding import Embedding
from amalthea.layers.core.input_layer import Input, InputLayer
from amalthea.layers.core.simple import Identity, Lambda, Masking
from amalthea.layers.core.wrapper import Wrapper
from amalthea.layers.input_spec import InputSpec
from amalthea.layers.layer import Layer
from amalthea.layers.merging.concatenate import Concatenate, concatenate
from amalthea.layers.merging.dot import Dot, dot
from amalthea.layers.merging.elementwise import (
    Add,
    Average,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
    add,
    average,
    maximum,
    minimum,
    multiply,
    subtract,
)
from amalthea.layers.normalization.batch_normalization import BatchNormalization
from amalthea.layers.normalization.layer_normalization import GroupNormalization, LayerNormalization, RMSNormalization, UnitNormalization
from amalthea.layers.pooling.average_pooling import AveragePooling1D, AveragePooling2D, AveragePooling3D, AvgPool1D, AvgPool2D, AvgPool3D
from amalthea.layers.pooling.global_average_pooling import (
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalAvgPool1D,
    GlobalAvgPool2D,
    GlobalAvgPool3D,
)
from amalthea.layers.pooling.global_max_pooling import (
    GlobalMaxPool1D,
    GlobalMaxPool2D,
    GlobalMaxPool3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
)
from amalthea.layers.pooling.max_pooling import MaxPool1D, MaxPool2D, MaxPool3D, MaxPooling1D, MaxPooling2D, MaxPooling3D
from amalthea.layers.preprocessing.rescaling import Rescaling
from amalthea.layers.regularization.dropout import Dropout, SpatialDropout1D, SpatialDropout2D, SpatialDropout3D
from amalthea.layers.regularization.noise import ActivityRegularization, AlphaDropout, GaussianDropout, GaussianNoise
from amalthea.layers.reshaping.axes import Permute, RepeatVector, Reshape
from amalthea.layers.reshaping.borders import Cropping1D, Cropping2D, Cropping3D, ZeroPadding1D, ZeroPadding2D, ZeroPadding3D
from amalthea.layers.reshaping.flatten import Flatten
from amalthea.layers.reshaping.up_sampling import UpSampling1D, UpSampling2D, UpSampling3D
from amalthea.layers.rnn.bidirectional import Bidirectional
from amalthea.layers.rnn.gru import GRU, GRUCell
from amalthea.layers.rnn.lstm import LSTM, LSTMCell
from amalthea.layers.rnn.rnn import RNN
from amalthea.layers.rnn.simple_rnn import SimpleRNN, SimpleRNNCell
from amalthea.layers.rnn.stacked_rnn_cells import StackedRNNCells
from amalthea.layers.rnn.time_distributed import TimeDistributed
from amalthea.layers.wrapping.flax_layer import FlaxLayer
from amalthea.layers.wrapping.jax_layer import JaxLayer
from amalthea.layers.wrapping.tfsm_layer import TFSMLayer
from amalthea.layers.wrapping.torch_module import TorchModuleWrapper

__all__ = [
    "ELU",
    "GRU",
    "LSTM",
    "RNN",
    "Activation",
    "ActivityRegularization",
    "Add",
    "AdditiveAttention",
    "AlphaDropout",
    "Attention",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "AvgPool1D",
    "AvgPool2D",
    "AvgPool3D",
    "BatchNormalization",
    "Bidirectional",
    "Concatenate",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "Convolution1D",
    "Convolution1DTranspose",
    "Convolution2D",
    "Convolution2DTranspose",
    "Convolution3D",
    "Convolution3DTranspose",
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "Dense",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "Dot",
    "Dropout",
    "EinsumDense",
    "Embedding",
    "Flatten",
    "FlaxLayer",
    "GRUCell",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalAvgPool3D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPool3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "GroupNormalization",
    "GroupQueryAttention",
    "Identity",
    "Input",
    "InputLayer",
    "InputSpec",
    "JaxLayer",
    "LSTMCell",
    "Lambda",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Masking",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPool3D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "Maximum",
    "Minimum",
    "MultiHeadAttention",
    "Multiply",
    "PReLU",
    "Permute",
    "RMSNormalization",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "SeparableConv1D",
    "SeparableConv2D",
    "SeparableConvolution1D",
    "SeparableConvolution2D",
    "SimpleRNN",
    "SimpleRNNCell",
    "Softmax",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "StackedRNNCells",
    "Subtract",
    "TFSMLayer",
    "TimeDistributed",
    "TorchModuleWrapper",
    "UnitNormalization",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "Wrapper",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
    "add",
    "average",
    "concatenate",
    "deserialize",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "serialize",
    "subtract",
]
