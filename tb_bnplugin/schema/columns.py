"""Every table on disk: names and order of the columns, one place for writer and reader.

A column is only ever appended. The model document names the columns that its process writes, and
readers go by those names, so that logs of older and newer versions of the format read alike.
"""

from __future__ import annotations

from typing import Final

FORMAT_VERSION: Final = 2

PLUGIN_NAME: Final = "batch_norm"
CHANNELS_PLUGIN_NAME: Final = "batch_norm_channels"
TAG_PREFIX: Final = "batch_norm"

MODES: Final = ("training", "inference")

CONTEXTS: Final = (
    "tape",  # a gradient tape records, opened by the very function that calls the layer
    "no_tape",  # no tape, or none that a function traced on its own could know of
    "evaluate",  # Keras' evaluate, `watch.evaluating()`, or `test_step` of a model
    "predict",  # Keras' predict, or `predict_step` of a model
    "unknown",  # an inner function that callers may run with or without a tape
)

EXECUTION_COLUMNS: Final = tuple(f"{mode}_{context}" for mode in MODES for context in CONTEXTS)
"""Cumulative executions by mode and context, since the model is watched."""

LAYER_COLUMNS: Final = (
    *EXECUTION_COLUMNS,
    # Records at which the moving mean or variance differed in any bit from the record before,
    # cumulative, and the steps of the first and last of them (NaN before the first). This and the
    # other last steps are for the CSV download, in which one row says when something ended.
    "statistics_changes",
    "statistics_first_step",
    "statistics_last_step",
    # The same for beta, or gamma where there is no beta; cumulative count only.
    "gamma_beta_changes",
    # Records at which the statistics differed with no training execution counted since the
    # record before: changed from outside (loading, a mean teacher, an unwatched trace).
    "external_changes",
    # First and last record step by which a mode was executed outside evaluate and predict.
    "training_first_step",
    "training_last_step",
    "inference_first_step",
    "inference_last_step",
    # Means over channels of the moving statistics and of the batch statistics, the latter
    # recovered from k counted updates since the record before: (new - m^k old) / (1 - m^k);
    # with k = 0 those of the record before stay.
    "moving_mean",
    "moving_variance",
    "batch_mean",
    "batch_variance",
    # Medians over channels (over at most 128 evenly spaced ones):
    # |moving mean - batch mean| / batch standard deviation, and
    # |ln((moving variance + epsilon) / (batch variance + epsilon))|. NaN before any update.
    "mean_gap",
    "variance_gap",
    # Smallest moving variance of any channel (NaN when any is not finite).
    "variance_min",
    # First record step with a NaN, an infinity or a negative variance.
    "invalid_first_step",
    # Upper quartile over channels (as above) of the number of updates, counted from the starting
    # value, after which that value no longer matters: it moves variance + epsilon by less than a
    # factor 2 and the mean by less than half a standard deviation of the estimate without it,
    # (moving - m^n start) / (1 - m^n). NaN before the first update and for loaded statistics.
    "start_updates",
    # `layer.trainable` when the record was made, 1 or 0.
    "trainable",
    # Median over channels of ln((variance + epsilon) / (batch variance + epsilon)), signed: of the
    # moving variance without what is left in it of the starting value, (moving - m^n start) /
    # (1 - m^n); of loaded statistics, as it is.
    "variance_shift",
)
"""One row a layer. Steps are global train steps; all values float64; NaN: not known."""

TRAINABLE_COUNTERS: Final = (
    # Executions in which training mode was asked for and `trainable`, as traced, was False, so
    # that inference mode ran: among the inference executions too. Not in evaluate and predict.
    "frozen_executions",
    # Those among them in which the call itself moved the statistics: of classes that are not
    # Keras' own, which may not know that a frozen layer stays as it is.
    "frozen_updates",
)
BATCH_COUNTERS: Final = (
    # Executions in training mode with fewer than 2, and fewer than 16, values per channel
    # (rows x space of one replica, of all replicas where the layer is synchronized, without
    # what a mask takes off; of a virtual batch where the layer has such).
    "training_below_2",
    "training_below_16",
)
EVENT_COUNTERS: Final = (*TRAINABLE_COUNTERS, *BATCH_COUNTERS)
"""Counted in the graph beside the executions, cumulative since the layer is watched."""

EVENT_COLUMNS: Final = (
    # `trainable`: what the layer did against it.
    *TRAINABLE_COUNTERS,
    # `layer.trainable` as the program last set it, 1 or 0: in tf_keras, `fit` puts back what it
    # was at `compile` while it runs. And the step of the record at which it was seen to change.
    "trainable_as_set",
    "trainable_as_set_step",
    # Executions, counted from record to record, that went against `trainable` as set: training
    # mode though set to False, or frozen though set to True. Of a stretch in which others went
    # with it (two models that hold the layer, each compiled with a value of its own) none. And
    # the step at which the first such stretch began. Not in evaluate and predict.
    "trainable_ignored",
    "trainable_ignored_first_step",
    # Those among them in which the layer was frozen though set to True.
    "trainable_ignored_frozen",
    # Batches too small.
    *BATCH_COUNTERS,
    # Evaluation: first record step by which the layer had run in training mode in evaluate or
    # predict.
    "evaluated_first_step",
    # Loops (evaluate, predict, `watch.evaluating()`) in which no execution of the layer was
    # counted, since their function was made before the model was watched or the layer was not
    # called; and those among them after which mean or variance differed in any bit from before.
    "uncounted_loops",
    "uncounted_loop_changes",
    # Updates that are lost: records at which the layer had trained since the record before, and
    # only the moving mean, only the moving variance, or neither of them differed in any bit.
    "mean_only_records",
    "variance_only_records",
    "idle_records",
    # Low precision, of float16 and bfloat16 statistics: executions in training mode between
    # records that left mean or variance of more than half of the channels (with a variance other
    # than 0) as it was, cumulative; the first step of them; and all executions in training mode
    # from then on.
    "stalled_executions",
    "stalled_first_step",
    "low_precision_updates",
    # Statistics put back: the record step at which they changed and were 0 and 1 in all channels
    # then, and the executions in inference mode since. NaN and 0 once they have changed again.
    "put_back_step",
    "put_back_inference",
    # Replicas, while their copies of the statistics are far apart, and 0 otherwise. Medians over
    # channels (at most 128) of how far the two copies that are farthest apart are: means in
    # standard deviations, and |ln of the ratio| of the variances. The smaller of what the copies
    # are now, and of what the batches of the replicas have been in about the last 50 records. And
    # the standard errors of these, from the differences from record to record.
    "replica_mean_gap",
    "replica_variance_gap",
    "replica_mean_error",
    "replica_variance_error",
    "replica_gap_first_step",  # first record step at which they were far apart
)
"""One row a layer. Written only where something other than the usual has happened, and then
whenever it changes; without a record, all counts are 0 and `trainable_as_set` is `trainable`."""

MODEL_COLUMNS: Final = (
    "process_started",  # wall time, seconds: when this process began to watch; tells restarts
    "record",  # 1-based ordinal in the process, so that a reader knows what it lacks; a second
    # record of the same step stands for the first and has its ordinal
    "iterations",  # of the optimizer, NaN where none is known; Keras restarts it at compile
    "learning_rate",  # of the optimizer, NaN where none is known, or several with other rates
    # Records at which a watched trainable weight other than gamma and beta differed from the
    # record before, cumulative.
    "weight_changes",
    # Rows of most batches that entered the model in training mode or under a tape.
    "batch_frequent",
    "evaluations",  # evaluate loops that ended, cumulative
    "predictions",  # predict loops that ended, cumulative
    "record_reason",  # index into RECORD_REASONS: why this record was made
    "weights_finite",  # 1 when every watched trainable weight is finite, else 0
    "loss_scale",  # that the optimizer divides gradients by, NaN where by none
    # Records at which the copies of the statistics that the replicas of this process hold were
    # compared, of the layer with the fewest that trains; NaN where there is one copy.
    "copies_compared",
)
"""Row 0 of a layers record, padded with NaN to the width of a layer row."""

RECORD_REASONS: Final = ("cadence", "trace", "phase", "evaluation", "epoch", "end", "on_demand")

CHANNEL_ROWS: Final = ("mean", "variance", "gamma", "beta")

LOSS_COLUMNS: Final = (
    "value_given",  # `value=`: the scalar the loop really differentiated; NaN when not given
    "elements",  # elements of the tensor the loss returned; 1 for a scalar
    "measured",  # that tensor summed, as a tape sums it
    "doubled",  # the same on the batch doubled (each row twice)
    "permuted",  # the same with the labels rolled by one row
    "keras_mean",  # Keras' mean of the same loss on the same values; NaN when it is not recognised
    "batch",  # rows of the predictions
    "outputs",  # values of one row that Keras averages over (1 where it reduces a class axis)
    "label_rank",
    "prediction_rank",
    "label_elements",
    "prediction_elements",
    "broadcast_elements",  # elements of labels and predictions broadcast together; NaN: they do not
    "weight_sum",  # of `sample_weight`; NaN when none was given
    "replicas",
    "learning_rate",  # of the optimizer where one is known, NaN otherwise
    "labels_alike",  # 1 when every row of the labels is the same, so that permuting says nothing
    "candidate",  # index into KERAS_LOSSES: which Keras loss `keras_mean` is of; NaN: none of them
    "regularization",  # sum of the regularizers of the model's weights; NaN: no model is known
    # 1 when a row has one label, a whole number, and as many predictions or more than the largest
    # label needs as a class, two at least; 0 otherwise.
    "labels_are_classes",
    # The loss with the labels in the shape of the predictions, so that each row meets its own;
    # NaN where they have another number of elements, or with weights; where the two have the same
    # shape, NaN too, unless `permuted` is `measured`: then estimated on batches of one row.
    "paired",
    # The loss on the first eight rows as given, over the mean of it over all pairs of these rows
    # (1: a mean over all pairs; as many as there are rows: a sum), and over the root of the mean of
    # its square (a root of a mean). NaN where `paired` is.
    "pairs_ratio",
    "pairs_root_ratio",
    # The smallest and the largest prediction, and by how much the predictions of a row add up to
    # something else than 1, at most; NaN where the last axis has one prediction.
    "prediction_smallest",
    "prediction_largest",
    "row_sum_error",
    # Share of the values that count, where the loss leaves out all those with a label of padding
    # (0, -1, -100), whatever is predicted for them; 1 where none is left out. And the loss on those
    # that count alone, over the loss: 1 / counted_share where it was divided by all. NaN with
    # weights, and where each row has one label.
    "counted_share",
    "counted_ratio",
    # Index into PAIRS_OF, where `paired` and its ratios are of another part of each row, which
    # meets the rest of every row; and which column of it. NaN: of the labels, as above.
    "pairs_of",
    "pairs_column",
)

PAIRS_OF: Final = (
    "labels",  # all of them, of another size than the predictions; or one column of them
    "predictions",  # one column of them
    "weights",  # of the rows
    "targets",  # a matrix of labels: a row of it is met by all predictions
)
"""Parts of a row that meet the rest of every row; only ever appended to."""

PAIRED_ROWS: Final = 8
"""Rows that `pairs_ratio` is measured on: enough that the mean over all pairs differs from anything
else, few enough to be quick."""

KERAS_LOSSES: Final = (
    "MeanSquaredError",
    "MeanAbsoluteError",
    "BinaryCrossentropy",
    "BinaryCrossentropy(from_logits=True)",
    "CategoricalCrossentropy",
    "CategoricalCrossentropy(from_logits=True)",
    "SparseCategoricalCrossentropy",
    "SparseCategoricalCrossentropy(from_logits=True)",
    "KLDivergence",
    "Poisson",
    "Huber",
    "LogCosh",
    "MeanSquaredLogarithmicError",
    "Hinge",
    "SquaredHinge",
    "CategoricalHinge",
    "CosineSimilarity",
)
"""Keras losses that a plain function is compared with; only ever appended to."""

PROBE_ROWS: Final = ("moving", "batch")
"""Row 0: with the moving statistics; row 1: with the statistics of the batch."""

PROBE_COLUMNS: Final = (
    "loss",  # the compiled or given loss on the held batch; NaN without one
    "accuracy",  # share of rows whose class is right, where labels are classes; NaN otherwise
    "spread",  # mean over outputs of the standard deviation over the rows of the batch
    "scale",  # mean over outputs of the root mean square over the rows: what spread compares to
    "batch",  # rows of the held batch
)
"""Columns of every probe. Compiled metrics follow, each under METRIC_PREFIX and its name, in the
order in which the process met them; a probe that lacks one has NaN there."""

METRIC_PREFIX: Final = "metric:"

PROBE_LAYER_COLUMNS: Final = (
    # Of what enters the layer's call on the held batch, in the pass with moving statistics: means
    # over the channels of mean and variance. Of several calls in one pass, their means.
    "batch_mean",
    "batch_variance",
    # Medians over channels, as in LAYER_COLUMNS, of the moving statistics against these.
    "mean_gap",
    "variance_gap",
    # With its sign: median of ln((moving variance + epsilon) / (batch variance + epsilon)).
    "variance_shift",
    # Standard errors of both gaps, from the differences between the rows of the held batch.
    "mean_gap_error",
    "variance_gap_error",
    # Calls of the layer in one pass, and how far the farthest of them is from the mean over them:
    # medians over channels as for the gaps, 0 with a single call.
    "calls",
    "calls_mean_gap",
    "calls_variance_gap",
    # The gaps as they would be if moving mean and moving variance changed places: median over
    # channels of the larger of both.
    "swapped_gap",
    # Where moving and batch statistics differ in what the model does. What the layer's moving
    # statistics alone cost, with the right ones in all other layers, over the sum of that over all
    # layers; and how many layers were measured together, 1: it alone.
    "gap_share",
    "gap_share_layers",
    # Its gaps where all layers before it are right: `mean_gap` and `variance_shift` in the pass
    # with batch statistics.
    "own_mean_gap",
    "own_variance_shift",
)
"""One row a layer, beside a probe. NaN: not measured."""

GRADIENT_COLUMNS: Final = (
    "factor",  # what is differentiated = factor x Keras' mean of the loss, by the gradients
    "cosine",  # of the two gradients: 1 where one factor explains all
    "steps",  # over which the two were added up
    "passes",  # backward passes in them: as many as steps, where each step has one
    # Of the newest step of an optimizer, on the bias (or beta) of one layer: the gradient that the
    # optimizer was given = applied_factor x what the backward passes since the step before gave,
    # added up, in one replica; the cosine of the two; and those passes. The same against the sum
    # over the replicas. And the steps of the optimizer, cumulative.
    "applied_factor",
    "applied_cosine",
    "applied_passes",
    "reduced_factor",
    "reduced_cosine",
    "applications",
    # Under the name "logged": the loss in the logs of `fit` at the end of an epoch.
    "logged_loss",
    # Beside it, where a `train_step` of the program's own makes one prediction for one compiled
    # loss: over the steps of the epoch, Keras' mean of the compiled loss on each batch, averaged
    # over the steps and over the rows; that of the last step; its standard deviation from step to
    # step; the mean of the predictions. And what the model adds to a loss: the sum of the
    # regularizers of its weights at the end of the epoch, and 1 where layers add other losses.
    # `compiled_steps`: those that were measured, of the `epoch_steps` at the end of this list.
    "compiled_steps",
    "compiled_by_steps",
    "compiled_by_rows",
    "compiled_last",
    "compiled_deviation",
    "predictions_mean",
    "regularization",
    "other_losses",
    # Under the name "regularizers": the weights with a regularizer that are looked at; those among
    # them to which a gradient came back; and how often their terms are in the differentiated loss
    # of a backward pass, in one replica: the smallest and the largest.
    "regularizers",
    "regularizers_reached",
    "regularizer_times_least",
    "regularizer_times_most",
    # Beside `factor`, with d the gradient of what is differentiated and g that of Keras' mean. As
    # `factor` and `cosine`, against g times the rows of its batch: 1 where d is a sum over the
    # rows, or a sum divided by a fixed number. The part of d that is a multiple of g row by row: 1
    # where each row is a multiple of its own. And the share of the rows with a g that have a d.
    "rows_factor",
    "rows_cosine",
    "row_cosine",
    "rows_reached",
    # Of one prediction and one label a row: the cosine of d and the gradient of the mean over all
    # pairs of a prediction with the label of any row. NaN with weights, and where predictions are
    # alike.
    "pairs_cosine",
    # Of rows with a label at each of several places: the share of the places with a g that have a
    # d; NaN where those without one are not all that have one label of padding (0, -1, -100).
    # `factor` and `cosine` over the places that have a d; and the same against g divided by the
    # share of the places of its batch that have a d, as a mean over these has it.
    "counted_share",
    "counted_factor",
    "counted_cosine",
    "masked_factor",
    "masked_cosine",
    # Under the name "given": the gradient of the last bias that the newest step of an optimizer was
    # given = given_factor x that of Keras' mean of the loss which a loop hands over; the cosine of
    # the two; their numbers (a cosine of one number says nothing); and the loss scale by which this
    # optimizer divides gradients, or multiplies a loss when it is asked to, NaN where it has none.
    "given_factor",
    "given_cosine",
    "given_channels",
    "given_scale",
    # Under the name "logged": the train steps of the epoch. All are measured, unless a batch has
    # very many predictions.
    "epoch_steps",
    # Under the name "tape": the gradient that came back to the predictions of a loop's model =
    # tape_factor x that of Keras' mean of the loss which the loop hands over, of these predictions;
    # the cosine of the two; the rows of the batch; 1 where the loss is one of Keras', 0 where it is
    # a function, the mean of whose values is compared; and the loss scale, as `given_scale`.
    "tape_factor",
    "tape_cosine",
    "tape_rows",
    "tape_of_keras",
    "tape_scale",
)
"""Of one loss: how its gradient at the predictions compares with that of Keras' mean. Under the
name "optimizer": what reaches the optimizer, with NaN in the first four."""
