# Seconds of processor time that cv.glmnet takes for a folder's data, folds, mixing values and penalties: best of three.
suppressMessages(library(glmnet))
folder <- commandArgs(trailingOnly = TRUE)[1]
data <- read.csv(file.path(folder, "data.csv"))
path <- read.csv(file.path(folder, "penalties.csv"))
X <- as.matrix(data[, setdiff(names(data), c("y", "fold"))])
taken <- sapply(1:3, function(i) {
  before <- sum(proc.time()[1:2])
  for (alpha in unique(path$mixing)) {
    # That few events are left in a fold is said for every path.
    suppressWarnings(cv.glmnet(X, data$y, family = "binomial", alpha = alpha, foldid = data$fold, thresh = 1e-7,
                               lambda = path$penalty[path$mixing == alpha]))
  }
  sum(proc.time()[1:2]) - before
})
cat(min(taken))
