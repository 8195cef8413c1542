import texts from './en/package-detail.json';
import { add } from './all';

add({ package: texts });
