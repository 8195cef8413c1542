import texts from './en/origins.json';
import { add } from './all';

add({ origins: texts });
