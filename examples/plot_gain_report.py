"""
Reading a gain report
=====================

Does augmentation help? ``gain_report`` measures it on rows that neither the generator nor the classifier saw, beside
everything that is free.
"""

# %%
# Six hundred rows, of which one in seven is positive. More rows would settle more, which is part of what a report says.

from sklearn.datasets import make_classification

from ganaug import GANAugmenter, gain_report

X, y = make_classification(
    600, 8, n_informative=4, n_redundant=2, weights=[0.85], class_sep=0.8, flip_y=0.05, random_state=1
)

# %%
# In each fold the augmenter is fitted on the training part alone. A list of classifiers gives a verdict for each, and
# one for their mean.

report = gain_report(
    GANAugmenter(max_steps=150, filters=None),
    X,
    y,
    classifier=["logistic", "neighbours"],
    cv=5,
    n_repeats=1,
    fidelity=False,
    random_state=0,
)

# %%
# The verdict comes first
# -----------------------
#
# In a notebook, and on this page, a report shows itself.

report

# %%
# The forest plot
# ---------------
#
# Each line is one arm: the mean difference from the same classifiers on the real rows alone, with its 95 % interval. A
# filled dot has an interval that leaves zero out. *Threshold moved* stands at zero by definition, because ROC AUC is of
# the ranking, which no threshold changes. The last line is the one that matters most: the augmented rows against the
# best of all that is free.

report.plot()

# %%
# Other metrics, other classifiers
# --------------------------------
#
# Decisions are where balancing shows, and a threshold as well. Compare both lines.

report.plot("balanced_accuracy")

# %%
# Probabilities are what balancing costs; the corrected arm takes that back.

report.plot("neg_log_loss", "KNeighborsClassifier")

# %%
# All numbers are in a frame, and ``report.to_html("gain.html")`` writes a page with calibration curves, fidelity and
# more.

frame = report.to_frame()
frame[frame["metric"] == "roc_auc"].round(3).head(8)
